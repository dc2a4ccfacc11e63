// Gates on the two programs as they were built: no foreign hosts, small enough, valid for Tencent's compilers.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const { wxmlToJs, wxssToJs } = createRequire(import.meta.url)('miniprogram-compiler')
const BUILT = fileURLToPath(new URL('../dist/build', import.meta.url))

// XML name spaces, a link in an error text, a link in a corner of the map that is switched off,
// and the address that the WeChat developer tools reach a local server at.
const HARMLESS = ['www.w3.org', 'vuejs.org', 'leafletjs.com', '127.0.0.1']

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
}

test.each(['h5', 'mp-weixin'])('the %s program names no host of a third party', (program) => {
  const texts = files(join(BUILT, program)).filter((path) => /\.(js|css|html|json|wxml|wxss|wxs)$/.test(path))
  expect(texts.length).toBeGreaterThan(10)

  const hosts = texts.flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/(?:https?:|wss?:|url\(['"]?)\/\/([\w.-]+\.[\w-]+)/g)].map((hit) => hit[1]))

  expect(hosts.filter((host) => !HARMLESS.includes(host!))).toEqual([])
})

test('no program carries usage statistics', () => {
  const scripts = files(BUILT).filter((path) => path.endsWith('.js'))

  const reporting = scripts.filter((path) => /tongji|uni-stat|uniStatistics/.test(readFileSync(path, 'utf8')))

  expect(reporting).toEqual([])
})

test("Tencent's compilers accept every page and style of the mini-program", () => {
  const root = join(BUILT, 'mp-weixin')

  const markup: string = wxmlToJs(root)
  const styles: string = wxssToJs(root)

  for (const page of JSON.parse(readFileSync(join(root, 'app.json'), 'utf8')).pages as string[]) {
    expect(markup).toContain(`${page}.wxml`)
    expect(styles).toContain(`${page}.wxss`)
  }
})

test('the mini-program stays far below the 2 MB of a main package', () => {
  const bytes = files(join(BUILT, 'mp-weixin')).reduce((sum, path) => sum + statSync(path).size, 0)

  expect(bytes).toBeLessThan(600 * 1024)
})
