// Gives each look of a tile its colours, fill pattern and mark; states wear the marks shared by all clients.
import { BERTH_MARKS, type BerthMark } from '@smartcloud/shared'
import type { Look } from './tile'

export type LookMark = Pick<BerthMark, 'color' | 'tint' | 'ink' | 'pattern' | 'glyph'>

export const LOOK_MARKS: Record<Look, LookMark> = {
  free: BERTH_MARKS.free,
  arriving: BERTH_MARKS.pending_occupied,
  occupied: BERTH_MARKS.occupied,
  // The officer's work: the only filled tile on the grid, white on it reads at 5.2:1.
  unplated: { color: '#c2410c', tint: '#c2410c', ink: '#ffffff', pattern: 'solid', glyph: '!' },
  leaving: BERTH_MARKS.pending_free,
  unknown: BERTH_MARKS.unknown,
  out_of_service: BERTH_MARKS.out_of_service,
}
