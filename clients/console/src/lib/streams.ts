// Streams of facts that several parts of a page hear at once: one subscription, let go with its last hearer.
import type { Centrifuge, Subscription } from 'centrifuge'

const held = new WeakMap<Subscription, number>()

/** Takes part in a stream channel, subscribing where nobody does yet. Each taking is let go once. */
export function takeStream(client: Centrifuge, channel: string): Subscription {
  const subscription = client.getSubscription(channel) ?? client.newSubscription(channel, { positioned: true, recoverable: true })
  held.set(subscription, (held.get(subscription) ?? 0) + 1)
  return subscription
}

export function leaveStream(client: Centrifuge, subscription: Subscription): void {
  const left = (held.get(subscription) ?? 1) - 1
  held.set(subscription, left)
  if (left === 0) client.removeSubscription(subscription)
}
