// Builds the patrol handheld: a Vue single page under /pos/ with a service worker for work without network.
import { readFileSync } from 'node:fs'
import { VantResolver } from '@vant/auto-import-resolver'
import vue from '@vitejs/plugin-vue'
import components from 'unplugin-vue-components/vite'
import { defineConfig } from 'vite'
import { VitePWA } from 'vite-plugin-pwa'

const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8')) as { version: string }

const server = process.env.SMARTCLOUD_SERVER ?? 'http://127.0.0.1:8800'

export default defineConfig({
  base: '/pos/',
  define: { __POS_VERSION__: JSON.stringify(version) },
  plugins: [
    vue(),
    components({ resolvers: [VantResolver()], dts: false, dirs: [] }),
    VitePWA({
      // 'prompt': a new version must not reload the page under an officer who is typing a plate.
      registerType: 'prompt',
      includeAssets: ['icon.svg', 'icon-192.png', 'apple-touch-icon.png'],
      manifest: {
        name: '智慧停车 · 巡查',
        short_name: '停车巡查',
        description: '路侧停车巡查手持端',
        lang: 'zh-CN',
        id: '/pos/',
        start_url: '/pos/',
        scope: '/pos/',
        display: 'standalone',
        orientation: 'any',
        theme_color: '#0b2545',
        background_color: '#0b2545',
        icons: [
          { src: 'icon-192.png', sizes: '192x192', type: 'image/png' },
          { src: 'icon-512.png', sizes: '512x512', type: 'image/png' },
          { src: 'icon-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
        ],
      },
      workbox: {
        globPatterns: ['**/*.{js,css,html,svg,png,woff2}'],
        navigateFallback: '/pos/index.html',
        navigateFallbackDenylist: [/^\/api/, /^\/connection/],
        cleanupOutdatedCaches: true,
      },
    }),
  ],
  // chrome84: the first Android WebView with gaps in flex boxes, which the layout is built on.
  build: { target: 'chrome84', cssTarget: 'chrome84' },
  server: { proxy: { '/api': server, '/connection': { target: server, ws: true } } },
})
