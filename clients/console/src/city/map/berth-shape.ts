// A berth on the map's canvas: its state is told by fill, pattern and a parked car, not by color alone.
import { BERTH_MARKS, type BerthState } from '@smartcloud/shared'
import L from 'leaflet'

export interface BerthLook {
  /** Null until the first state has arrived. */
  state: BerthState | null
  faded: boolean
  selected: boolean
}

// What Leaflet 1.9's canvas renderer gives a path while it draws; its types leave these members out.
interface DrawnPath {
  _renderer: { _ctx: CanvasRenderingContext2D; _drawing: boolean }
  _parts: L.Point[][]
}

interface Axes {
  middle: L.Point
  long: L.Point
  short: L.Point
  length_px: number
}

// Below this length a pattern is only noise.
const PATTERN_FROM_PX = 9
const CAR_FROM_PX = 16
const CODE_FROM_PX = 34

export class BerthShape extends L.Polygon {
  look: BerthLook = { state: null, faded: false, selected: false }

  constructor(
    corners: L.LatLngExpression[],
    readonly place_id: string,
    readonly code: string,
    renderer: L.Renderer,
  ) {
    // The weight is the room that Leaflet clears around the shape when it is drawn again.
    super(corners, { renderer, weight: 4 })
  }

  setLook(look: BerthLook): void {
    const { state, faded, selected } = this.look
    if (state === look.state && faded === look.faded && selected === look.selected) return
    this.look = look
    this.redraw()
  }

  /** Leaflet calls this to draw the path. */
  _updatePath(): void {
    const { _renderer, _parts } = this as unknown as DrawnPath
    const corners = _parts[0]
    if (!_renderer._drawing || corners === undefined || corners.length < 3) return
    const context = _renderer._ctx
    context.save()
    context.globalAlpha = this.look.faded ? 0.14 : 1
    drawBerth(context, corners, this.look, this.code)
    context.restore()
  }
}

function drawBerth(context: CanvasRenderingContext2D, corners: L.Point[], look: BerthLook, code: string): void {
  const axes = axesOf(corners)
  trace(context, corners)
  context.lineJoin = 'round'
  if (look.state === null) stroke(context, '#b9c4cb', 1, axes)
  else fillState(context, look.state, axes, corners)
  if (look.state === 'free' && axes.length_px >= CODE_FROM_PX) writeCode(context, axes, code)
  if (!look.selected) return
  trace(context, corners)
  context.setLineDash([])
  context.strokeStyle = '#12252e'
  context.lineWidth = Math.min(3, 1.5 + axes.length_px / 20)
  context.stroke()
}

function fillState(context: CanvasRenderingContext2D, state: BerthState, axes: Axes, corners: L.Point[]): void {
  const mark = BERTH_MARKS[state]
  const large = axes.length_px >= PATTERN_FROM_PX
  context.fillStyle = large ? mark.tint : mark.color
  context.globalAlpha *= large || mark.pattern !== 'half' ? 1 : 0.55
  context.fill()
  if (!large) return
  if (mark.pattern === 'hatch') fillHatch(context, mark.color)
  if (mark.pattern === 'half') context.setLineDash([3, 2])
  stroke(context, mark.color, 1.25, axes)
  if (mark.pattern === 'cross') crossOut(context, mark.color, corners)
  if (axes.length_px < CAR_FROM_PX) {
    if (mark.pattern === 'solid') fillSolid(context, mark.color, corners)
    return
  }
  if (state === 'occupied') drawCar(context, axes, mark.color, 0)
  // A car on its way in or out is drawn half way, and pale.
  if (state === 'pending_occupied' || state === 'pending_free') {
    context.globalAlpha *= 0.6
    drawCar(context, axes, mark.color, 0.16)
  }
}

/** The end of the code along an empty berth: cars are told apart by where they stand, empty berths are not. */
function writeCode(context: CanvasRenderingContext2D, { middle, long }: Axes, code: string): void {
  const angle = Math.atan2(long.y, long.x)
  const upright = Math.abs(angle) > Math.PI / 2 ? angle + Math.PI : angle
  context.save()
  context.translate(middle.x, middle.y)
  context.rotate(upright)
  context.fillStyle = BERTH_MARKS.free.ink
  context.font = '10px sans-serif'
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.fillText(code.slice(-3), 0, 0.5)
  context.restore()
}

function trace(context: CanvasRenderingContext2D, corners: L.Point[]): void {
  context.beginPath()
  for (const { x, y } of corners) context.lineTo(x, y)
  context.closePath()
}

function stroke(context: CanvasRenderingContext2D, color: string, width: number, { length_px }: Axes): void {
  context.strokeStyle = color
  context.lineWidth = length_px < 24 ? Math.min(1, width) : width
  context.stroke()
  context.setLineDash([])
}

function fillSolid(context: CanvasRenderingContext2D, color: string, corners: L.Point[]): void {
  trace(context, corners)
  context.fillStyle = color
  context.fill()
}

function crossOut(context: CanvasRenderingContext2D, color: string, corners: L.Point[]): void {
  const [a, b, c, d] = corners as [L.Point, L.Point, L.Point, L.Point | undefined]
  context.beginPath()
  context.moveTo(a.x, a.y)
  context.lineTo(c.x, c.y)
  context.moveTo(b.x, b.y)
  context.lineTo((d ?? a).x, (d ?? a).y)
  context.strokeStyle = color
  context.stroke()
}

const hatches = new Map<string, CanvasPattern | null>()

function fillHatch(context: CanvasRenderingContext2D, color: string): void {
  if (!hatches.has(color)) hatches.set(color, makeHatch(context, color))
  const hatch = hatches.get(color)
  if (!hatch) return
  context.fillStyle = hatch
  context.fill()
}

function makeHatch(context: CanvasRenderingContext2D, color: string): CanvasPattern | null {
  const tile = document.createElement('canvas')
  tile.width = 5
  tile.height = 5
  const pen = tile.getContext('2d')
  if (pen === null) return null
  pen.strokeStyle = color
  pen.lineWidth = 1.1
  for (const shift of [-5, 0, 5]) {
    pen.moveTo(shift, 5)
    pen.lineTo(shift + 5, 0)
  }
  pen.stroke()
  return context.createPattern(tile, 'repeat')
}

function axesOf(corners: L.Point[]): Axes {
  const [a, b, c] = corners as [L.Point, L.Point, L.Point]
  const middle = a.add(c).divideBy(2)
  const first = b.subtract(a)
  const second = c.subtract(b)
  const [long, short] = size(first) >= size(second) ? [first, second] : [second, first]
  return { middle, long, short, length_px: size(long) }
}

const size = ({ x, y }: L.Point): number => Math.hypot(x, y)

/** A car seen from above, lying along the berth; `shift` moves it out by that share of the berth's length. */
function drawCar(context: CanvasRenderingContext2D, { middle, long, short, length_px }: Axes, color: string, shift: number): void {
  const length = length_px * 0.8
  const width = Math.min(size(short) * 0.72, length * 0.48)
  context.save()
  context.translate(middle.x + long.x * shift, middle.y + long.y * shift)
  context.rotate(Math.atan2(long.y, long.x))
  context.fillStyle = color
  context.beginPath()
  context.roundRect(-length / 2, -width / 2, length, width, width * 0.34)
  context.fill()
  context.fillStyle = 'rgb(255 255 255 / 78%)'
  context.beginPath()
  context.roundRect(length * 0.08, -width * 0.36, length * 0.16, width * 0.72, width * 0.12)
  context.roundRect(-length * 0.36, -width * 0.34, length * 0.11, width * 0.68, width * 0.1)
  context.fill()
  context.restore()
}
