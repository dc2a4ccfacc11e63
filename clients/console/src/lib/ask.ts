// Asks before something that hurts: whether one is sure, or why.
import { ElMessageBox } from 'element-plus'
import 'element-plus/es/components/message-box/style/css'
import { useI18n } from 'vue-i18n'

export interface Ask {
  sure(title: string, hint: string): Promise<boolean>
  /** Gives the reason, or null when the person thought better of it. */
  why(title: string, hint: string, options?: { value?: string; placeholder?: string; long?: boolean }): Promise<string | null>
}

export function useAsk(): Ask {
  const { t } = useI18n()
  const texts = (title: string) => ({ confirmButtonText: title, cancelButtonText: t('edit.cancel') })
  return {
    sure: (title, hint) =>
      ElMessageBox.confirm(hint, title, { ...texts(title), type: 'warning' }).then(
        () => true,
        () => false,
      ),
    why: (title, hint, { value = '', placeholder = t('edit.reasonPlaceholder'), long = false } = {}) =>
      ElMessageBox.prompt(hint, title, {
        ...texts(title),
        inputValue: value,
        inputPlaceholder: placeholder,
        inputType: long ? 'textarea' : 'text',
        inputValidator: (typed) => (typed?.trim().length ?? 0) >= 2 || t('request.whyNeeded'),
      }).then(
        (answer) => (answer as { value: string }).value.trim(),
        () => null,
      ),
  }
}
