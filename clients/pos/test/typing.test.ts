// The typing of plates: which keys are possible, where they go, and which colour the plate gets.
import { describe, expect, it } from 'vitest'
import { CHARACTER_KEYS, COLUMNS, ENDING_KEYS, PROVINCE_KEYS, startPage } from '../src/plates/keyboard'
import {
  allowedKeys,
  chooseColor,
  colorOf,
  couldBeNewEnergy,
  erase,
  finishedPlate,
  moveTo,
  numberOf,
  press,
  startTyping,
  usualPrefix,
} from '../src/plates/typing'
import { blue } from './fixtures'

const type = (keys: string) => [...keys].reduce(press, startTyping())

describe('the keyboard', () => {
  it('starts with provinces and goes on with letters and digits', () => {
    expect([0, 1, 6].map(startPage)).toEqual(['provinces', 'characters', 'characters'])
  })

  it('has every province once and neither I nor O', () => {
    expect(new Set(PROVINCE_KEYS).size).toBe(33)
    expect(CHARACTER_KEYS).not.toContain('I')
    expect(CHARACTER_KEYS).not.toContain('O')
    expect(new Set(CHARACTER_KEYS).size).toBe(34)
  })

  it('fills five rows of seven with the eraser and the page switch', () => {
    expect(PROVINCE_KEYS.length + 2).toBe(5 * COLUMNS)
    expect(CHARACTER_KEYS.length + 1).toBe(5 * COLUMNS)
  })

  it('can type every kind of plate with the keys it has', () => {
    const keys = new Set([...PROVINCE_KEYS, ...CHARACTER_KEYS, ...ENDING_KEYS])
    const common = ['粤B12345', '粤BD12345', '粤B12345D', '粤B1234挂', '粤B1234学', '粤B1234警', '粤Z1234港']
    const rare = ['粤Z1234澳', '使123456', '粤A1234领', '民航A1234', '粤X1234应急', 'WJ粤12345']
    for (const number of [...common, ...rare]) {
      expect([...number].every((key) => keys.has(key)), number).toBe(true)
      expect(finishedPlate(type(number))?.number).toBe(number)
    }
  })
})

describe('a key', () => {
  it('is possible only where a plate can have it', () => {
    expect(allowedKeys(startTyping()).has('粤')).toBe(true)
    expect(allowedKeys(startTyping()).has('5')).toBe(true) // 123456使
    expect(allowedKeys(type('粤')).has('1')).toBe(false)
    expect(allowedKeys(type('粤')).has('B')).toBe(true)
    expect(allowedKeys(type('粤B')).has('挂')).toBe(false)
    expect(allowedKeys(type('粤B1234')).has('挂')).toBe(true)
    expect(allowedKeys(type('粤B1234')).has('港')).toBe(false)
    expect(allowedKeys(type('粤Z1234')).has('港')).toBe(true)
  })

  it('that is not possible changes nothing', () => {
    const typing = type('粤B')

    expect(press(typing, '粤')).toBe(typing)
    expect(press(typing, 'I')).toBe(typing)
  })

  it('has an eighth place only for new energy', () => {
    expect(allowedKeys(type('粤BD1234')).has('5')).toBe(true)
    expect(allowedKeys(type('粤B12345')).has('D')).toBe(true)
    expect(allowedKeys(type('粤B12345')).has('6')).toBe(false)
    expect(allowedKeys(type('粤BZ1234')).size).toBe(0)
    expect(allowedKeys(type('粤BD12345')).size).toBe(0)
  })
})

describe('the cursor', () => {
  it('replaces a character in the middle and moves on', () => {
    const typing = press(moveTo(type('粤B12345'), 0), '湘')

    expect(numberOf(typing)).toBe('湘B12345')
    expect(typing.cursor).toBe(1)
  })

  it('does not go beyond the first empty place', () => {
    expect(moveTo(type('粤B1'), 7).cursor).toBe(3)
  })

  it('erases from the end until nothing is left', () => {
    const typing = erase(erase(type('粤B')))

    expect(numberOf(typing)).toBe('')
    expect(erase(typing)).toBe(typing)
  })

  it('erases the character it stands on', () => {
    const typing = erase(moveTo(type('粤B12345'), 2))

    expect(numberOf(typing)).toBe('粤B2345')
    expect(typing.cursor).toBe(2)
  })
})

describe('the colour', () => {
  it.each([
    ['粤B12345', 'blue'],
    ['粤BD12345', 'green'],
    ['粤B12345D', 'yellow_green'],
    ['粤B1234挂', 'yellow'],
    ['粤B1234警', 'white'],
    ['粤Z1234港', 'black'],
  ])('of %s is %s by itself', (number, color) => {
    expect(colorOf(type(number))).toBe(color)
  })

  it('can be changed to one the number can wear', () => {
    expect(finishedPlate(chooseColor(type('粤B12345'), 'yellow'))).toEqual({ number: '粤B12345', color: 'yellow' })
  })

  it('falls back to the usual one when the number cannot wear the chosen one', () => {
    const yellow = chooseColor(type('粤BD1234'), 'yellow')

    expect(colorOf(yellow)).toBe('yellow')
    expect(colorOf(press(yellow, '5'))).toBe('green')
  })
})

describe('a finished plate', () => {
  it('is none while characters are missing or wrong', () => {
    expect(finishedPlate(type('粤B1234'))).toBeNull()
    expect(finishedPlate(startTyping('粤B1挂345'))).toBeNull()
  })

  it('of seven characters may still become a new-energy plate', () => {
    expect(couldBeNewEnergy(type('粤BD1234'))).toBe(true)
    expect(couldBeNewEnergy(type('粤BZ1234'))).toBe(false)
    expect(couldBeNewEnergy(type('粤BD12345'))).toBe(false)
  })
})

it('starts with the province and letter most seen on the street', () => {
  expect(usualPrefix([blue('湘A12345'), blue('粤B12345'), blue('粤B54321')])).toBe('粤B')
  expect(usualPrefix([])).toBe('')
})
