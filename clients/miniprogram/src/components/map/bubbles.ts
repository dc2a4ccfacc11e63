// Decides which bubbles of a crowded map shrink to dots, and writes the rest as markup.
import type { Mark } from './marks'

export interface Spot {
  id: string
  x: number
  y: number
  chosen: boolean
}

// Measured on the widest bubble ("P 暂无") in pixels, with a hair of air.
const BUBBLE_WIDTH = 72
const BUBBLE_HEIGHT = 36

/** The ids whose bubbles would cover an earlier one. The chosen spot goes first, then the order given. */
export function crowdedIds(spots: readonly Spot[]): Set<string> {
  const shown: Spot[] = []
  const crowded = new Set<string>()
  for (const spot of [...spots].sort((a, b) => Number(b.chosen) - Number(a.chosen))) {
    const covers = shown.some((other) => Math.abs(other.x - spot.x) < BUBBLE_WIDTH && Math.abs(other.y - spot.y) < BUBBLE_HEIGHT)
    if (covers) crowded.add(spot.id)
    else shown.push(spot)
  }
  return crowded
}

const NUMBER = /\d+/

/** The bubble's markup. Its text comes from our own messages and counts, never from a place's name. */
export function bubbleHtml(mark: Mark, crowded: boolean): string {
  const classes = ['bubble', `bubble-${mark.availability}`, `bubble-${mark.kind}`]
  if (mark.chosen) classes.push('bubble-chosen')
  if (crowded) return `<i class="${classes.join(' ')} bubble-dot"></i>`
  const text = mark.text.replace(NUMBER, (number) => `<b>${number}</b>`)
  const sign = mark.kind === 'lot' ? '<u>P</u>' : ''
  return `<span class="${classes.join(' ')}">${sign}<em>${text}</em></span>`
}
