// Draws a quiet ground of blocks for maps without tiles, so that moving and zooming can be seen.
import * as L from 'leaflet'

/** A layer of pale tiles with fine lines; it asks the network for nothing. */
export class PlainGround extends L.GridLayer {
  protected override createTile(): HTMLElement {
    const tile = document.createElement('div')
    tile.className = 'plain-tile'
    return tile
  }
}
