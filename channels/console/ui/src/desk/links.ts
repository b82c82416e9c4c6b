// Addresses in plain text.

export interface Part {
  text: string
  href?: string
}

const address = /https?:\/\/[^\s<>"'，。；、）)】」]+/g

/** The text in parts, those that are addresses with where they lead. */
export function linked(text: string): Part[] {
  const parts: Part[] = []
  let end = 0
  for (const found of text.matchAll(address)) {
    if (found.index > end) parts.push({ text: text.slice(end, found.index) })
    parts.push({ text: found[0], href: found[0] })
    end = found.index + found[0].length
  }
  if (end < text.length || parts.length === 0) parts.push({ text: text.slice(end) })
  return parts
}
