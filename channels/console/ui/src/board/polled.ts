// What the board shows beside its numbers.

import { onBeforeUnmount, onMounted, shallowRef, type Ref } from 'vue'

const every = 30_000

/** A list that is read now, and again every half minute while somebody looks. What
 * was read stays while the server is away: the board says that it is. */
export function usePolled<T>(read: () => Promise<T[]>): { list: Readonly<Ref<T[]>>; refresh: () => Promise<void> } {
  const list = shallowRef<T[]>([])
  async function refresh(): Promise<void> {
    if (document.visibilityState !== 'visible') return
    list.value = await read().catch(() => list.value)
  }
  let timer: ReturnType<typeof setInterval> | undefined
  onMounted(() => {
    void refresh()
    timer = setInterval(refresh, every)
  })
  onBeforeUnmount(() => clearInterval(timer))
  return { list, refresh }
}
