import { describe, expect, it } from 'vitest'
import { defaultPlateColor, maskPlate, nextPlateKeys, normalizePlate, plateColors, plateKind, showPlate, UNPLATED } from '../src'

describe('a plate number', () => {
  it.each([
    ['粤B12345', 'common', 'blue'],
    ['京A8888挂', 'trailer', 'yellow'],
    ['沪C1234学', 'learner', 'yellow'],
    ['苏A1234警', 'police', 'white'],
    ['粤ZA123港', 'hong_kong_macao', 'black'],
    ['粤BD12345', 'new_energy_small', 'green'],
    ['粤BFA2345', 'new_energy_small', 'green'],
    ['粤B12345D', 'new_energy_large', 'yellow_green'],
    ['使123456', 'embassy', 'black'],
    ['123456使', 'embassy', 'black'],
    ['粤A0123领', 'consulate', 'black'],
    ['WJ粤1234X', 'armed_police', 'white'],
    ['WJ12345', 'armed_police', 'white'],
    ['VA12345', 'military', 'white'],
    ['粤X1234应急', 'fire_rescue', 'white'],
    ['民航A1234', 'civil_aviation', 'green'],
  ])('%s is %s and usually %s', (number, kind, color) => {
    expect(plateKind(number)).toBe(kind)
    expect(defaultPlateColor(number)).toBe(color)
  })

  it.each(['', '粤B1234', '粤B1234I', '粤BO2345', '粤I12345', '粤BL12345', '粤B123456', '粤B12345L', '港B12345', 'WJ粤123'])(
    '%s does not exist',
    (number) => {
      expect(plateKind(number)).toBeNull()
      expect(plateColors(number)).toEqual([])
    },
  )

  it('may exist on blue and on yellow', () => {
    expect(plateColors('粤B12345')).toEqual(['blue', 'yellow', 'black'])
  })

  it('is stored without dots, blanks and wide characters', () => {
    expect(normalizePlate(' 粤b·１2 3-45 ')).toBe('粤B12345')
  })

  it('is shown with a dot and masked in its middle', () => {
    expect(showPlate('粤B12345')).toBe('粤B·12345')
    expect(maskPlate('粤B12345')).toBe('粤B·**345')
    expect(maskPlate('粤BD12345')).toBe('粤B·***345')
    expect(showPlate(UNPLATED)).toBe('无牌车')
    expect(maskPlate(UNPLATED)).toBe('无牌车')
  })
})

describe('the plate keyboard', () => {
  it('starts with provinces and never offers I or O in the body', () => {
    expect(nextPlateKeys('')).toContain('粤')
    expect(nextPlateKeys('粤')).not.toContain('1')
    expect(nextPlateKeys('粤B')).not.toContain('I')
    expect(nextPlateKeys('粤B')).not.toContain('O')
  })

  it('leads to every kind, and to nothing behind a full number', () => {
    expect(nextPlateKeys('粤B1234')).toEqual(expect.arrayContaining(['挂', '学', '警', '领', '5']))
    expect(nextPlateKeys('粤X1234')).toContain('应')
    expect(nextPlateKeys('粤B12345').sort()).toEqual([...'ABCDEFGHJK'])
    expect(nextPlateKeys('粤B12345D')).toEqual([])
  })
})
