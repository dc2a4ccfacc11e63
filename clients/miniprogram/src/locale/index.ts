// Makes the translator; everything the motorist reads goes through `t`.
import { createI18n } from 'vue-i18n'
import messages from './zh-CN'

export const i18n = createI18n({ legacy: false, locale: 'zh-CN', fallbackLocale: 'zh-CN', messages: { 'zh-CN': messages } })

/** The words of a key, with `{names}` filled in. */
export function t(key: string, values: Record<string, string | number> = {}): string {
  // uni-app's vue-i18n for mini-programs has no message compiler and leaves the names in.
  return i18n.global.t(key, values).replace(/\{(\w+)\}/g, (name, word) => String(values[word] ?? name))
}
