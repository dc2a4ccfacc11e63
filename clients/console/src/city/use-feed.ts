// Follows the organization's stream of facts and keeps the newest ones.
import { liveChannel, nextFrame, type LiveFact, type Realtime } from '@smartcloud/shared'
import { onScopeDispose, shallowRef, type Ref } from 'vue'
import { mergeFeed, type FeedEntry } from './feed'

// The server keeps more; a screen shows about twenty.
const HISTORY_LIMIT = 50

export type FeedStatus = 'loading' | 'live' | 'failed'

export interface Feed {
  entries: Readonly<Ref<FeedEntry[]>>
  status: Readonly<Ref<FeedStatus>>
}

export function useFeed(realtime: Realtime, organization_id: string): Feed {
  const entries = shallowRef<FeedEntry[]>([])
  const status = shallowRef<FeedStatus>('loading')
  const subscription = realtime.client.newSubscription(liveChannel(organization_id), { positioned: true, recoverable: true })
  let epoch = ''
  let arrived: FeedEntry[] = []

  function add(fact: LiveFact, offset: number): void {
    arrived.push({ epoch, offset, fact })
    if (arrived.length > 1) return
    nextFrame(() => {
      entries.value = mergeFeed(entries.value, arrived)
      arrived = []
    })
  }

  async function loadHistory(): Promise<void> {
    try {
      const history = await subscription.history({ limit: HISTORY_LIMIT, reverse: true })
      const past = history.publications.map(({ data, offset }) => ({
        epoch: history.epoch,
        offset: offset ?? 0,
        fact: data as LiveFact,
      }))
      entries.value = mergeFeed(entries.value, past)
      status.value = 'live'
    } catch {
      status.value = entries.value.length > 0 ? 'live' : 'failed'
    }
  }

  subscription.on('publication', ({ data, offset }) => add(data as LiveFact, offset ?? 0))
  subscription.on('subscribed', (context) => {
    epoch = context.streamPosition?.epoch ?? ''
    if (context.wasRecovering && context.recovered) status.value = 'live'
    else void loadHistory()
  })
  subscription.on('unsubscribed', () => (status.value = 'failed'))
  subscription.subscribe()
  onScopeDispose(() => realtime.client.removeSubscription(subscription))
  return { entries, status }
}
