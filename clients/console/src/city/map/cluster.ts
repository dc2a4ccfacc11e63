// Joins place circles that would cover each other on the screen.

export interface Spot {
  id: string
  /** Screen pixels. */
  x: number
  y: number
}

export interface Cluster<T extends Spot> {
  /** Stable while the same spots stay together. */
  key: string
  x: number
  y: number
  spots: T[]
}

/** Greedy and in the given order: a spot joins the nearest cluster within reach, or starts one. */
export function clusterSpots<T extends Spot>(spots: readonly T[], reach_px: number): Cluster<T>[] {
  const clusters: Cluster<T>[] = []
  for (const spot of spots) {
    const near = clusters
      .map((cluster) => ({ cluster, away: Math.hypot(cluster.x - spot.x, cluster.y - spot.y) }))
      .filter(({ away }) => away < reach_px)
      .sort((a, b) => a.away - b.away)[0]
    if (near === undefined) clusters.push({ key: spot.id, x: spot.x, y: spot.y, spots: [spot] })
    else join(near.cluster, spot)
  }
  return clusters
}

function join<T extends Spot>(cluster: Cluster<T>, spot: T): void {
  cluster.spots.push(spot)
  cluster.x += (spot.x - cluster.x) / cluster.spots.length
  cluster.y += (spot.y - cluster.y) / cluster.spots.length
  cluster.key += `+${spot.id}`
}
