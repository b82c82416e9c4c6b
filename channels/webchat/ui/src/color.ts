// From one theme colour to all that is painted with it, so that every text on
// or in it can be read (WCAG contrast of at least 4.5).

export type RGB = [number, number, number]

export const defaultColor = '#2563eb'

/** Reads #rgb or #rrggbb. */
export function parseColor(text: string): RGB | undefined {
  const m = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text.trim())
  if (!m) return undefined
  const hex = m[1]!.length === 3 ? m[1]!.replace(/./g, '$&$&') : m[1]!
  return [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16)) as RGB
}

export const css = (c: RGB): string => '#' + c.map((v) => Math.round(v).toString(16).padStart(2, '0')).join('')

export function luminance(c: RGB): number {
  const [r, g, b] = c.map((v) => {
    const s = v / 255
    return s <= 0.03928 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4
  }) as RGB
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

export function contrast(a: RGB, b: RGB): number {
  const [hi, lo] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number]
  return (hi + 0.05) / (lo + 0.05)
}

const white: RGB = [255, 255, 255]
const black: RGB = [17, 20, 27]

/** Mixes two colours; part 0 is all of a. */
export const mix = (a: RGB, b: RGB, part: number): RGB => a.map((v, i) => v + (b[i]! - v) * part) as RGB

/** Moves a colour towards another until it can be read on the ground. */
export function readable(c: RGB, ground: RGB, towards: RGB): RGB {
  for (let part = 0; part < 1; part += 0.04) {
    const tried = mix(c, towards, part).map(Math.round) as RGB
    if (contrast(tried, ground) >= 4.6) return tried
  }
  return towards
}

/** White or near black, whichever reads better, white when both do. */
export const onColor = (c: RGB): RGB => (contrast(white, c) >= 4.5 || contrast(white, c) >= contrast([0, 0, 0], c) ? white : [0, 0, 0])

export interface Theme {
  brand: RGB // as given
  on: RGB // text on it
  deep: RGB // a little darker, for hover and the gradient
  tint: RGB // a very light one, for grounds
  ink: RGB // as text on white
  darkTint: RGB // the same for the dark scheme
  darkInk: RGB
}

export const darkGround: RGB = [27, 30, 37]
const darkRaised: RGB = [40, 45, 55]

export function makeTheme(color: string): Theme {
  const given = parseColor(color) ?? parseColor(defaultColor)!
  const on = onColor(given)
  // Middle tones carry neither white nor black well: give white a little help.
  const brand = contrast(on, given) >= 4.5 ? given : readable(given, on, on[0] === 255 ? [0, 0, 0] : white)
  const tint = mix(white, brand, 0.09)
  const darkTint = mix(darkGround, brand, 0.22)
  return {
    brand, on,
    deep: on[0] === 255 ? mix(brand, black, 0.14) : mix(brand, white, 0.2),
    tint, ink: readable(brand, tint, black),
    darkTint, darkInk: readable(brand, luminance(darkTint) > luminance(darkRaised) ? darkTint : darkRaised, white),
  }
}
