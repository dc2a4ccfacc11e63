// Shows a collection to Vue.
import type { Collection, CollectionView } from '@smartcloud/shared'
import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'

/** The collection's view as a ref; the collection is closed with the component. */
export function useCollection<State>(followed: Collection<State>): Readonly<ShallowRef<CollectionView<State>>> {
  const view = shallowRef(followed.value)
  followed.subscribe((next) => (view.value = next))
  onScopeDispose(() => followed.close())
  return view
}
