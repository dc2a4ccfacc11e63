// Builds the H5 and mp-weixin programs, and keeps the network addresses of third parties out of both.
import uniPlugin from '@dcloudio/vite-plugin-uni'
import { defineConfig, type Plugin } from 'vite'

// The plugin is CommonJS: seen from an ES module its function sits under `default`.
const uni = ((uniPlugin as unknown as { default?: typeof uniPlugin }).default ?? uniPlugin) as typeof uniPlugin

// uni-h5's style sheets ask for shadow pictures on the vendor's host at every page change.
const FOREIGN_PICTURE = /url\((['"]?)https?:\/\/[^)]*\1\)/g
// Map, sign-in and advertisement services that uni-h5 carries and this program never uses.
const FOREIGN_SERVICE =
  /https?:\/\/(?:[\w-]+\.)*(?:dcloud\.net\.cn|baidu\.com|qq\.com|googleapis\.com|amap\.com)[^"'`\s)]*/g

function withoutForeignHosts(): Plugin {
  const cleaned = (text: string) => text.replace(FOREIGN_PICTURE, 'none').replace(FOREIGN_SERVICE, 'about:blank')
  return {
    name: 'without-foreign-hosts',
    enforce: 'post',
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === 'chunk') file.code = cleaned(file.code)
        else if (/\.(css|wxss)$/.test(file.fileName)) file.source = cleaned(String(file.source))
      }
    },
  }
}

export default defineConfig({
  base: '/m/',
  plugins: [uni(), withoutForeignHosts()],
  // `@smartcloud/shared` is a link to a folder outside this project: without this its own
  // copy of the realtime client would be bundled beside ours.
  resolve: { dedupe: ['centrifuge'] },
  css: { preprocessorOptions: { scss: { api: 'legacy' } } },
  server: {
    proxy: {
      '/api': 'http://127.0.0.1:8800',
      '/connection': { target: 'ws://127.0.0.1:8800', ws: true },
    },
  },
})
