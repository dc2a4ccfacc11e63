// Asks the officer before something that hurts.
import { nextTick } from 'vue'
import { showConfirmDialog } from 'vant/es/dialog'

/** Gives whether the officer said yes. */
export async function confirm(title: string, message: string): Promise<boolean> {
  const answer = showConfirmDialog({ title, message }).then(
    () => true,
    () => false,
  )
  await nextTick()
  // Vant puts the title's text where the id of what names the dialog belongs: read aloud it had no name.
  for (const dialog of document.querySelectorAll('.van-dialog')) {
    dialog.removeAttribute('aria-labelledby')
    dialog.setAttribute('aria-label', title)
  }
  return answer
}
