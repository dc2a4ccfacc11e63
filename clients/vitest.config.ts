// Runs the unit tests of every client from the workspace root.
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'shared', root: 'shared', include: ['test/**/*.test.ts'] } },
      {
        plugins: [vue()],
        test: {
          name: 'console',
          root: 'console',
          environment: 'jsdom',
          include: ['test/**/*.test.ts'],
          server: { deps: { inline: ['element-plus'] } },
        },
      },
      {
        plugins: [vue()],
        test: { name: 'pos', root: 'pos', environment: 'jsdom', include: ['test/**/*.test.ts'] },
      },
    ],
  },
})
