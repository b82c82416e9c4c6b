// Making elements. Texts are always text nodes; nothing here takes HTML.

type Child = Node | string | null | undefined | false
type Props = Record<string, unknown>

/** Makes an element: h('button.primary', {onclick, 'aria-label': …}, 'text'). */
export function h<K extends keyof HTMLElementTagNameMap>(spec: K | `${K}.${string}`, props?: Props | null, ...children: Child[]): HTMLElementTagNameMap[K] {
  const [tag, ...classes] = spec.split('.') as [K, ...string[]]
  const e = document.createElement(tag)
  if (classes.length > 0) e.className = classes.join(' ')
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue
    if (name.startsWith('on')) e.addEventListener(name.slice(2), value as EventListener)
    else if (name === 'value' || name === 'disabled' || name === 'hidden') (e as unknown as Props)[name] = value
    else e.setAttribute(name, value === true ? '' : String(value))
  }
  e.append(...children.filter((c): c is Node | string => Boolean(c)))
  return e
}

const svgNS = 'http://www.w3.org/2000/svg'

// Icons of 24 × 24, drawn with strokes.
const paths = {
  bot: 'M12 3.5v2.6M7.2 8.6h9.6a3 3 0 0 1 3 3v4.6a3 3 0 0 1-3 3H7.2a3 3 0 0 1-3-3v-4.6a3 3 0 0 1 3-3zM9.2 12.8v1.4M14.8 12.8v1.4M12 3.4h.01',
  headset: 'M4.5 14v-2a7.5 7.5 0 0 1 15 0v2M4.5 13.6h1.9a1 1 0 0 1 1 1v3a1 1 0 0 1-1 1h-.6a1.3 1.3 0 0 1-1.3-1.3zM19.5 13.6h-1.9a1 1 0 0 0-1 1v3a1 1 0 0 0 1 1h1.9zM19.5 18.5a3 3 0 0 1-3 2.5H13',
  close: 'M6 6l12 12M18 6L6 18',
  down: 'M6 9.5l6 6 6-6',
  more: 'M5.5 12h.01M12 12h.01M18.5 12h.01',
  send: 'M12 19V5.5M6 11.2l6-5.9 6 5.9',
  smile: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM8.6 14.2c1.8 2.3 5 2.3 6.8 0M9.2 9.6v.5M14.8 9.6v.5',
  up: 'M7.5 10.8v8.4M7.5 10.8l3.3-6.5c1.6 0 2.6 1.2 2.3 2.8l-.5 2.6h4.5a2 2 0 0 1 2 2.4l-1 5.4a2 2 0 0 1-2 1.7H7.5M7.5 10.8H4.8v8.4h2.7',
  thumbDown: 'M16.5 13.2V4.8M16.5 13.2l-3.3 6.5c-1.6 0-2.6-1.2-2.3-2.8l.5-2.6H6.9a2 2 0 0 1-2-2.4l1-5.4a2 2 0 0 1 2-1.7h8.6M16.5 13.2h2.7V4.8h-2.7',
  clock: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 8v4.3l2.8 1.7',
  check: 'M5.5 12.6l4.2 4.2 8.8-9.3',
  alert: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM12 8v5M12 16h.01',
  flame: 'M12 3.5c.6 3.4 4.8 5.2 4.8 10a4.8 4.8 0 0 1-9.6 0c0-2 .9-3.3 2-4.4.3 1.5 1 2.3 1.7 2.6C10.4 8.6 10.5 5.6 12 3.5z',
  refresh: 'M19.5 12a7.5 7.5 0 1 1-2.3-5.4M19.7 3.8v3.4h-3.4',
  right: 'M9.5 6l6 6-6 6',
  chat: 'M12 4.5c-4.7 0-8.5 3.2-8.5 7.2 0 2.2 1.2 4.2 3.1 5.5l-.6 3 3.4-1.7c.8.2 1.7.3 2.6.3 4.7 0 8.5-3.2 8.5-7.1S16.7 4.5 12 4.5z',
  note: 'M6.5 4h11a1.5 1.5 0 0 1 1.5 1.5v13a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 18.5v-13A1.5 1.5 0 0 1 6.5 4zM8.5 8.5h7M8.5 12h7M8.5 15.5h4',
  star: 'M12 4l2.5 5.1 5.6.8-4.1 4 1 5.6-5-2.7-5 2.7 1-5.6-4.1-4 5.6-.8z',
  bell: 'M6 16.5V11a6 6 0 0 1 12 0v5.5l1.3 1.5H4.7zM10 20.3c1.1.9 2.9.9 4 0',
  bellOff: 'M8 7a6 6 0 0 1 10 4v5.5M16 18H4.7L6 16.5V11c0-.5 0-.9.2-1.3M10 20.3c1.1.9 2.9.9 4 0M4 4l16 16',
  exit: 'M13.5 4.5h-6A1.5 1.5 0 0 0 6 6v12a1.5 1.5 0 0 0 1.5 1.5h6M11 12h9M16.5 8.5L20 12l-3.5 3.5',
  clip: 'M19.5 11.2l-7.6 7.6a4.6 4.6 0 0 1-6.5-6.5l8-8a3.1 3.1 0 0 1 4.4 4.4l-7.9 7.9a1.5 1.5 0 0 1-2.2-2.2l7.2-7.2',
  file: 'M7 3.5h6.5L18.5 8.5v10.5a1.5 1.5 0 0 1-1.5 1.5H7A1.5 1.5 0 0 1 5.5 19V5A1.5 1.5 0 0 1 7 3.5zM13.5 3.5v5h5',
  download: 'M12 4.5v10M7.5 10.5L12 15l4.5-4.5M5 19.5h14',
  swap: 'M7.5 4.5L4 8l3.5 3.5M4 8h13.5M16.5 12.5L20 16l-3.5 3.5M20 16H6.5',
  read: 'M2.5 12.8l3.8 4L14 8M11 15.3l1.5 1.5L21 8',
  size: 'M4 18.5l4.5-12 4.5 12M5.5 14.5h6M14.5 18.5l3-8 3 8M15.5 16h4',
} as const

export type IconName = keyof typeof paths

export function icon(name: IconName, title = ''): SVGSVGElement {
  const svg = document.createElementNS(svgNS, 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('class', 'icon icon-' + name)
  if (title) {
    svg.setAttribute('role', 'img')
    svg.setAttribute('aria-label', title)
  } else svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(svgNS, 'path')
  path.setAttribute('d', paths[name])
  svg.append(path)
  return svg
}

/** Keeps Tab inside an element. */
export function trapFocus(box: HTMLElement): (e: KeyboardEvent) => void {
  return (e) => {
    if (e.key !== 'Tab') return
    const all = Array.from(box.querySelectorAll<HTMLElement>('button, a[href], textarea, input, [tabindex="0"]')).filter(
      (x) => !(x as HTMLButtonElement).disabled && x.offsetParent !== null,
    )
    const first = all[0]
    const last = all[all.length - 1]
    if (!first || !last) return
    const at = document.activeElement
    if (e.shiftKey ? at === first || !box.contains(at) : at === last || !box.contains(at)) {
      e.preventDefault()
      ;(e.shiftKey ? last : first).focus()
    }
  }
}

/** IME composition is under way: this key belongs to it. */
export const composing = (e: KeyboardEvent): boolean => e.isComposing || e.keyCode === 229
