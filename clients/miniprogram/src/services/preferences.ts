// Remembers how this device's owner likes the screens.
import { ref } from 'vue'

const KEY = 'large-type'

/** Whether every screen uses large type. */
export const largeType = ref(uni.getStorageSync(KEY) === true)

export function setLargeType(large: boolean): void {
  largeType.value = large
  uni.setStorageSync(KEY, large)
}
