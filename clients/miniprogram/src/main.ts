// Starts the program on either platform.
import { createSSRApp } from 'vue'
import App from './App.vue'
import { i18n } from './locale'
// #ifdef H5
import { keepNamed } from './services/named'
// #endif
import { onWeChatWeb } from './services/payer'
import { takeReturn } from './services/wechat-web'

// #ifdef H5
// Before the router reads the address.
if (onWeChatWeb) takeReturn()
keepNamed(document.body)
// #endif

export function createApp() {
  const app = createSSRApp(App)
  app.use(i18n)
  return { app }
}
