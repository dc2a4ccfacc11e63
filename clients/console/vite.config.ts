// Builds the console below /console/; in development the API and the websocket come from a running server.
import vue from '@vitejs/plugin-vue'
import Components from 'unplugin-vue-components/vite'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import { defineConfig } from 'vite'

const server = process.env.SMARTCLOUD_SERVER ?? 'http://127.0.0.1:8800'

export default defineConfig({
  base: '/console/',
  plugins: [vue(), Components({ resolvers: [ElementPlusResolver({ importStyle: 'css' })], dts: false })],
  server: {
    proxy: {
      '/api': server,
      '/connection': { target: server, ws: true },
    },
  },
  build: {
    target: ['chrome111', 'safari16.4', 'firefox114'],
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'element', test: /node_modules\/(element-plus|@element-plus|@floating-ui|@popperjs|lodash-es|@vueuse)/, priority: 3 },
            { name: 'map', test: /node_modules\/leaflet/, priority: 2 },
            { name: 'vue', test: /node_modules\/(vue|@vue|vue-router|pinia|vue-i18n|@intlify|centrifuge)/, priority: 1 },
          ],
        },
      },
    },
  },
})
