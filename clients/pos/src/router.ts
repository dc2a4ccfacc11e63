// The screens and who may see them: without a login only the login screen.
import { createRouter, createWebHistory } from 'vue-router'
import { useLogin } from './stores/login'
import CollectView from './views/CollectView.vue'
import LoginView from './views/LoginView.vue'
import QueueView from './views/QueueView.vue'
import SectionView from './views/SectionView.vue'
import SectionsView from './views/SectionsView.vue'
import SettingsView from './views/SettingsView.vue'
import ShiftView from './views/ShiftView.vue'

// All screens in one chunk: a screen that was never opened must open without network too.
export const router = createRouter({
  history: createWebHistory(import.meta.env.BASE_URL),
  routes: [
    { path: '/login', name: 'login', component: LoginView },
    { path: '/', name: 'sections', component: SectionsView },
    { path: '/sections/:section_id', name: 'section', component: SectionView, props: true },
    { path: '/collect', name: 'collect', component: CollectView },
    { path: '/shift', name: 'shift', component: ShiftView },
    { path: '/queue', name: 'queue', component: QueueView },
    { path: '/settings', name: 'settings', component: SettingsView },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})

router.beforeEach((to) => {
  const signedIn = useLogin().login !== null
  if (!signedIn && to.name !== 'login') return { name: 'login', query: { next: to.fullPath } }
  if (signedIn && to.name === 'login') return { name: 'sections' }
  return true
})
