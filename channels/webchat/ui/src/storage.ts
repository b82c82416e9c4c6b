// Web storage that never throws: browsers refuse it in private windows, in
// iframes of other sites and when it is full. What it refuses is kept in memory.

export interface Storage {
  get(key: string): string
  set(key: string, value: string): void
}

export function openStorage(kind: 'localStorage' | 'sessionStorage'): Storage {
  const memory = new Map<string, string>()
  const web = () => {
    try {
      return window[kind]
    } catch {
      return undefined
    }
  }
  return {
    get(key) {
      const kept = memory.get(key)
      if (kept !== undefined) return kept
      try {
        return web()?.getItem(key) ?? ''
      } catch {
        return ''
      }
    },
    set(key, value) {
      try {
        const store = web()
        if (!store) throw new Error('refused')
        if (value === '') store.removeItem(key)
        else store.setItem(key, value)
        memory.delete(key)
      } catch {
        memory.set(key, value)
      }
    },
  }
}

/** A new id of a message: 128 random bits in [A-Za-z0-9_-]. */
export function newID(): string {
  const bytes = new Uint8Array(16)
  crypto.getRandomValues(bytes)
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')
}
