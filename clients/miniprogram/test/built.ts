// Builds the programs before the tests that look at them, unless they are newer than every source.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HERE = fileURLToPath(new URL('..', import.meta.url))
const SOURCES = ['src', '../shared/src', 'index.html', 'vite.config.ts', 'package-lock.json']
const PROGRAMS = { 'build:h5': 'dist/build/h5/index.html', 'build:mp-weixin': 'dist/build/mp-weixin/app.json' }

function newestMs(path: string): number {
  const found = statSync(path)
  if (!found.isDirectory()) return found.mtimeMs
  return Math.max(...readdirSync(path).map((name) => newestMs(join(path, name))))
}

export default function setup(): void {
  const changedMs = Math.max(...SOURCES.map((source) => newestMs(join(HERE, source))))
  for (const [script, product] of Object.entries(PROGRAMS)) {
    const path = join(HERE, product)
    if (existsSync(path) && statSync(path).mtimeMs > changedMs) continue
    // Of the test runner's environment NODE_ENV, MODE and DEV would make it a development version.
    const env = { PATH: process.env.PATH, HOME: process.env.HOME }
    execFileSync('npm', ['run', '--silent', script], { cwd: HERE, env, stdio: ['ignore', 'ignore', 'inherit'] })
  }
}
