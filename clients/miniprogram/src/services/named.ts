// Hands the names of fields and pictures on to what a browser builds of them: uni-app leaves them outside.

const NAMED: readonly [outer: string, inner: string, attribute: string][] = [
  ['uni-input[aria-label]', 'input', 'aria-label'],
  ['uni-textarea[aria-label]', 'textarea', 'aria-label'],
  ['uni-image', 'img', 'alt'],
  ['uni-tabbar', 'img', 'alt'],
]

/** Names what stands within `root` now; a picture without a name of its own is decoration. */
export function name(root: ParentNode): void {
  for (const [outer, inner, attribute] of NAMED) {
    root.querySelectorAll(outer).forEach((holder) => {
      const label = holder.getAttribute('aria-label') ?? ''
      holder.querySelectorAll(inner).forEach((held) => {
        if (held.getAttribute(attribute) !== label) held.setAttribute(attribute, label)
      })
    })
  }
}

/** Names what there is, and what comes, once a frame. */
export function keepNamed(root: HTMLElement): void {
  let asked = 0
  const soon = (): void => {
    asked ||= requestAnimationFrame(() => {
      asked = 0
      name(root)
    })
  }
  new MutationObserver(soon).observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ['aria-label'] })
  soon()
}
