// The typing of a plate on the handheld's own keyboard: places, cursor, colour; pure.
import {
  defaultPlateColor,
  nextPlateKeys,
  plateColors,
  plateKind,
  type Plate,
  type PlateColor,
} from '@smartcloud/shared'

/** The longest plate (new energy) has 8 characters. */
export const PLACES = 8

export interface Typing {
  readonly characters: readonly string[]
  /** The place the next key goes to; equals the length when typing at the end. */
  readonly cursor: number
  /** The colour the officer tapped; null leaves it to the number. */
  readonly chosen_color: PlateColor | null
}

export function startTyping(number = '', color: PlateColor | null = null): Typing {
  const characters = [...number]
  return { characters, cursor: characters.length, chosen_color: color }
}

export const numberOf = (typing: Typing): string => typing.characters.join('')

/** The keys that can stand at the cursor, judged by what stands before it. */
export function allowedKeys(typing: Typing): ReadonlySet<string> {
  return new Set(nextPlateKeys(typing.characters.slice(0, typing.cursor).join('')))
}

/** Put the key at the cursor; a key that cannot stand there changes nothing. */
export function press(typing: Typing, key: string): Typing {
  if (!allowedKeys(typing).has(key)) return typing
  const characters = [...typing.characters]
  characters[typing.cursor] = key
  return { ...typing, characters, cursor: typing.cursor + 1 }
}

/** Take away the character at the cursor, or the one before it when typing at the end. */
export function erase(typing: Typing): Typing {
  const place = typing.cursor < typing.characters.length ? typing.cursor : typing.cursor - 1
  if (place < 0) return typing
  return { ...typing, characters: typing.characters.filter((_, index) => index !== place), cursor: place }
}

/** Move the cursor to a place that is typed, or to the first empty one. */
export function moveTo(typing: Typing, place: number): Typing {
  return { ...typing, cursor: Math.max(0, Math.min(place, typing.characters.length)) }
}

export function chooseColor(typing: Typing, color: PlateColor): Typing {
  return { ...typing, chosen_color: color }
}

/** The colour to show: the tapped one while the number can wear it, else the usual one. */
export function colorOf(typing: Typing): PlateColor {
  const number = numberOf(typing)
  const { chosen_color } = typing
  return chosen_color && plateColors(number).includes(chosen_color) ? chosen_color : defaultPlateColor(number)
}

/** The plate as it can be recorded, or null while no such plate exists. */
export function finishedPlate(typing: Typing): Plate | null {
  const number = numberOf(typing)
  return plateKind(number) ? { number, color: colorOf(typing) } : null
}

/** True at seven characters that an eighth would make a new-energy plate. */
export function couldBeNewEnergy(typing: Typing): boolean {
  return typing.characters.length === PLACES - 1 && nextPlateKeys(numberOf(typing)).length > 0
}

/** The province and city letters to start with: those most seen among the given plates. */
export function usualPrefix(plates: readonly Plate[]): string {
  const counts = new Map<string, number>()
  for (const { number } of plates) {
    const prefix = number.slice(0, 2)
    counts.set(prefix, (counts.get(prefix) ?? 0) + 1)
  }
  const [most] = [...counts].sort(([, one], [, other]) => other - one)
  return most?.[0] ?? ''
}
