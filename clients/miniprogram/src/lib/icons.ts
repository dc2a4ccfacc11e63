// Small line drawings as image addresses: WeChat has no inline SVG, and an icon font would need a host.

/** The address of an SVG that travels inside the program. */
export function svgAddress(svg: string): string {
  return `data:image/svg+xml,${encodeURIComponent(svg)}`
}

// Each on a ground of 24 by 24, drawn with one stroke of 2.
const STROKES = {
  search: '<circle cx="11" cy="11" r="6.5"/><path d="m20 20-4.2-4.2"/>',
  close: '<path d="M6.5 6.5l11 11m0-11l-11 11"/>',
  locate: '<circle cx="12" cy="12" r="6"/><path d="M12 2.5V6m0 12v3.5M2.5 12H6m12 0h3.5"/><circle cx="12" cy="12" r="1.2"/>',
  navigate: '<path d="M20.5 3.5 3.5 10.6l7 2.9 2.9 7z"/>',
  walk: '<circle cx="13" cy="4.6" r="1.6"/><path d="m9 21 2.4-6.2L9.6 12l.9-4.2 3 .4 1.6 2.8 2.6.8M9.8 8 7.2 9.7 6.6 13m5.4 1.6 2.6 2 1 4.4"/>',
  chevron: '<path d="m9.5 5.5 6.5 6.5-6.5 6.5"/>',
  type: '<path d="M3 18.5 8 5.5l5 13M4.7 14.2h6.6M15 18.5l3-8 3 8m-5.1-2.4h4.2"/>',
  info: '<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5.5m0-8.6v.2"/>',
  leave: '<path d="M13.5 4.5h-7a2 2 0 0 0-2 2v11a2 2 0 0 0 2 2h7M10 12h10m-3.5-3.5L20 12l-3.5 3.5"/>',
  person: '<circle cx="12" cy="8.2" r="3.9"/><path d="M4.5 20c.9-3.9 3.9-5.8 7.5-5.8s6.6 1.9 7.5 5.8"/>',
  clock: '<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5.2l3.3 2"/>',
  car: '<path d="M4 16.5v-4l2-5.2c.3-.8.9-1.3 1.8-1.3h8.4c.9 0 1.5.5 1.8 1.3l2 5.2v4zm0-4h16M6 16.5v2m12-2v2M7.5 14.3v.2m9-.2v.2"/>',
  slip: '<path d="M6 3.5h12v17l-2.4-1.6-2 1.6-1.6-1.6-1.6 1.6-2-1.6L6 20.5zM9 8.5h6M9 12.5h6"/>',
  wallet: '<path d="M4 7.5h14a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2zm0 0v-1a2 2 0 0 1 2-2h10M16 13.5v.2"/>',
  flash: '<path d="M13 3 5.5 13.5H11L10.5 21 18.5 10.5H13z"/>',
  warn: '<path d="M12 4 2.8 19.5h18.4zM12 10v4.5m0 2.3v.2"/>',
  check: '<path d="m5 12.5 4.6 4.6L19.5 7"/>',
  plus: '<path d="M12 5v14M5 12h14"/>',
  camera: '<path d="M4 8h3.5L9 5.5h6L16.5 8H20v11H4zm8 8.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4z"/>',
  erase: '<path d="M8.5 6H20v12H8.5L3 12zm3 3.5 5 5m0-5-5 5"/>',
  pin: '<path d="M12 21.2s-6.8-6-6.8-11.2a6.8 6.8 0 0 1 13.6 0c0 5.2-6.8 11.2-6.8 11.2z"/><circle cx="12" cy="10" r="2.3"/>',
} as const

export type IconName = keyof typeof STROKES

/** The address of an icon in this colour. */
export function iconAddress(name: IconName, color: string): string {
  return svgAddress(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="${color}" stroke-width="2" ` +
      `stroke-linecap="round" stroke-linejoin="round">${STROKES[name]}</svg>`,
  )
}
