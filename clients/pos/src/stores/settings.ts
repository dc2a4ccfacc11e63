// What the officer chose for this handheld.
import { ref, watchEffect } from 'vue'
import { defineStore } from 'pinia'

const KEPT_UNDER = 'smartcloud-pos.large-text'

export const useSettings = defineStore('settings', () => {
  const large_text = ref(localStorage.getItem(KEPT_UNDER) === 'yes')

  watchEffect(() => {
    document.documentElement.classList.toggle('large-text', large_text.value)
    localStorage.setItem(KEPT_UNDER, large_text.value ? 'yes' : 'no')
  })

  return { large_text }
})
