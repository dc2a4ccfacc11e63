// Holds what is the motorist's own (stays, bills, wallet), live through the account's channel.
import { computed, onScopeDispose, shallowRef, watch } from 'vue'
import { foldOwn, ownChannel, type Collection, type CollectionView, type Own, type OwnPublication, type OwnSnapshot } from '@smartcloud/shared'
import { openCollection } from './realtime'
import { login } from './session'

export type OwnState = 'loading' | 'ready' | 'failed'

/** The signed-in motorist's own; empty while nobody is signed in. */
export function useOwn() {
  const view = shallowRef<CollectionView<Own> | null>(null)
  let followed: Collection<Own> | null = null

  function follow(): void {
    followed?.close()
    followed = null
    view.value = null
    if (!login.value) return
    followed = openCollection<Own, OwnSnapshot | OwnPublication>(ownChannel(login.value.account.id), foldOwn)
    view.value = followed.value
    followed.subscribe((next) => (view.value = next))
  }

  watch(() => login.value?.account.id, follow, { immediate: true })
  onScopeDispose(() => followed?.close())

  const state = computed<OwnState>(() => {
    if (view.value?.data) return 'ready'
    return view.value?.error ? 'failed' : 'loading'
  })
  return {
    state,
    stays: computed(() => [...(view.value?.data?.stays.values() ?? [])]),
    bills: computed(() => [...(view.value?.data?.bills.values() ?? [])]),
    wallet: computed(() => view.value?.data?.wallet ?? null),
    reload: () => followed?.reload(),
  }
}
