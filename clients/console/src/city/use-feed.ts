// Follows the organization's stream of facts and keeps the newest ones.
import { liveChannel, nextFrame, type LiveFact, type Realtime } from '@smartcloud/shared'
import type { PublicationContext, SubscribedContext } from 'centrifuge'
import { onScopeDispose, shallowRef, type Ref } from 'vue'
import { leaveStream, takeStream } from '../lib/streams'
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
  const subscription = takeStream(realtime.client, liveChannel(organization_id))
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

  const heard = ({ data, offset }: PublicationContext): void => add(data as LiveFact, offset ?? 0)
  const began = (context: SubscribedContext): void => {
    epoch = context.streamPosition?.epoch ?? ''
    if (context.wasRecovering && context.recovered) status.value = 'live'
    else void loadHistory()
  }
  const ended = (): void => void (status.value = 'failed')
  subscription.on('publication', heard).on('subscribed', began).on('unsubscribed', ended)
  subscription.subscribe()
  onScopeDispose(() => {
    subscription.off('publication', heard).off('subscribed', began).off('unsubscribed', ended)
    leaveStream(realtime.client, subscription)
  })
  return { entries, status }
}
