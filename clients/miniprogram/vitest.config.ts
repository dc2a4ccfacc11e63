// Tests the pure parts as sources, and the two programs as they were built.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) }, dedupe: ['centrifuge'] },
  test: { include: ['test/**/*.test.ts'], globalSetup: './test/built.ts', testTimeout: 20_000 },
})
