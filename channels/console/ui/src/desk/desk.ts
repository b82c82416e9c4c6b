// The one desk of the page. It lives from the first visit to signing out, whatever
// page is shown: an agent who looks at the board is still there for customers.

import { effectScope, reactive, ref, watch, type Ref } from 'vue'
import { session } from '../session'
import { alertAgent } from './alerts'
import { calls } from './calls'
import { DeskLink } from './link'
import { DeskStore } from './store'

let desk: DeskStore | undefined

/** The desk of who is signed in. */
export function useDesk(): DeskStore {
  const me = session.me?.account.id ?? ''
  if (desk && desk.me === me && desk.phase !== 'ended') return desk
  desk?.stop()
  const made = reactive(
    new DeskStore({
      calls,
      connect: (events) => new DeskLink({ Socket: WebSocket, url: socketURL(), ticket: calls.ticket }, events),
      alert: alertAgent,
      storage: sessionStorage,
      now: () => Date.now(),
      newID,
    }),
  ) as DeskStore
  desk = made
  void made.start(me)
  keepAlive(made)
  return made
}

/** Letters and digits without a meaning. Without https there is no randomUUID. */
function newID(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
}

const socketURL = (): string => location.origin.replace(/^http/, 'ws') + '/console/api/desk/socket'

/** Keeps the desk until somebody else, or nobody, is signed in. */
function keepAlive(made: DeskStore): void {
  const scope = effectScope(true)
  const check = (): void => made.check()
  const seen = (): void => void (document.visibilityState === 'visible' && made.check())
  addEventListener('online', check)
  document.addEventListener('visibilitychange', seen)
  scope.run(() =>
    watch(
      () => session.me?.account.id,
      (id) => {
        if (id === made.me) return
        made.stop()
        removeEventListener('online', check)
        document.removeEventListener('visibilitychange', seen)
        scope.stop()
      },
    ),
  )
}

let clock: Ref<number> | undefined

/** The time, second by second, for waits that run. */
export function useNow(): Ref<number> {
  if (!clock) {
    const now = ref(Date.now())
    setInterval(() => void (document.visibilityState === 'visible' && (now.value = Date.now())), 1000)
    clock = now
  }
  return clock
}
