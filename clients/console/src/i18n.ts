// The console's texts; Chinese is the only language so far, and no text lives outside of messages.
import { createI18n } from 'vue-i18n'
import zhCN from './messages/zh-CN'

export const i18n = createI18n({ legacy: false, locale: 'zh-CN', messages: { 'zh-CN': zhCN } })
