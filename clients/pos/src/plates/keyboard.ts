// The two pages of the plate keyboard: what keys they have and which of them a place starts with.

export type Page = 'provinces' | 'characters'

// Seven columns: on a 360 px screen a key is still 48 px wide, enough for a glove.
export const COLUMNS = 7

// 33 keys; the page switch and the eraser make it five full rows.
export const PROVINCE_KEYS: readonly string[] = [...'京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使民']

// 34 keys; the eraser makes it five full rows. I and O are never printed on plates: they read as 1 and 0.
export const CHARACTER_KEYS: readonly string[] = [...'1234567890ABCDEFGHJKLMNPQRSTUVWXYZ']

/** Characters that only special plates end with; shown where one of them can stand. */
export const ENDING_KEYS: readonly string[] = [...'挂学警领使港澳应急航']

/** The page a place starts with: provinces first, letters and digits after. */
export const startPage = (cursor: number): Page => (cursor === 0 ? 'provinces' : 'characters')
