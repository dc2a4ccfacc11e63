// Says how far a screen without a navigation bar must keep from the platform's own marks.

// What the search bar keeps from the window's edges, and from WeChat's capsule.
const AIR_PX = 12
const EDGE_PX = 16

/** Pixels to keep free above and to the right of the first row. */
export function topInset(): { top: number; right: number } {
  // #ifdef MP-WEIXIN
  const capsule = uni.getMenuButtonBoundingClientRect()
  const { windowWidth } = uni.getWindowInfo()
  return { top: capsule.top - 7, right: windowWidth - capsule.left + AIR_PX }
  // #endif
  // #ifndef MP-WEIXIN
  return { top: AIR_PX, right: EDGE_PX }
  // #endif
}
