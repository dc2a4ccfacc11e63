// Starts the patrol handheld.
import { createApp } from 'vue'
import { createPinia } from 'pinia'
import 'vant/es/toast/style'
import 'vant/es/dialog/style'
import './styles/base.css'
import './styles/fills.css'
import App from './App.vue'
import { i18n } from './i18n'
import { router } from './router'

createApp(App).use(createPinia()).use(i18n).use(router).mount('#app')

// Asks the browser not to clear unsent plates when space runs short; it may say no, which the settings page shows.
void navigator.storage?.persist?.()
