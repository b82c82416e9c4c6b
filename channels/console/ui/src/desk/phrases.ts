// Quick replies: finding and sorting them.

import type { Phrase } from './types'

/** Those whose shortcut begins with the text first, then those that hold it. */
export function matching(phrases: readonly Phrase[], text: string): Phrase[] {
  const wanted = text.trim().toLowerCase()
  if (!wanted) return [...phrases]
  const value = (p: Phrase): number => {
    const shortcut = p.shortcut.toLowerCase()
    if (shortcut === wanted) return 4
    if (shortcut.startsWith(wanted)) return 3
    if (p.text.toLowerCase().startsWith(wanted)) return 2
    return p.text.toLowerCase().includes(wanted) || p.folder.toLowerCase().includes(wanted) ? 1 : 0
  }
  return phrases
    .map((p, at) => ({ p, at, value: value(p) }))
    .filter((f) => f.value > 0)
    .sort((a, b) => b.value - a.value || a.at - b.at)
    .map((f) => f.p)
}

export interface Folder {
  name: string
  phrases: Phrase[]
}

/** Phrases by folder, in their order; those without one come first. */
export function folders(phrases: readonly Phrase[]): Folder[] {
  const found = new Map<string, Phrase[]>()
  for (const p of phrases) found.set(p.folder, [...(found.get(p.folder) ?? []), p])
  return [...found].map(([name, list]) => ({ name, phrases: list })).sort((a, b) => Number(a.name !== '') - Number(b.name !== ''))
}
