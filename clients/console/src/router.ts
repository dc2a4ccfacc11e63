// The console's addresses; everything but the login needs a signed-in account.
import { createRouter, createWebHistory } from 'vue-router'
import { useLogin } from './stores/login'

export const router = createRouter({
  history: createWebHistory(import.meta.env.BASE_URL),
  routes: [
    { path: '/login', name: 'login', component: () => import('./pages/LoginPage.vue') },
    {
      path: '/',
      component: () => import('./shell/AppShell.vue'),
      children: [
        { path: '', redirect: { name: 'city' } },
        { path: 'city', name: 'city', component: () => import('./city/CityPage.vue') },
        { path: 'stays', name: 'stays', component: () => import('./stays/StaysPage.vue') },
        { path: 'reviews', name: 'reviews', component: () => import('./stays/ReviewsPage.vue') },
        { path: 'requests', name: 'requests', component: () => import('./stays/RequestsPage.vue') },
        { path: 'bills', name: 'bills', component: () => import('./money/BillsPage.vue') },
        { path: 'payments', name: 'payments', component: () => import('./money/PaymentsPage.vue') },
        { path: 'refunds', name: 'refunds', component: () => import('./money/RefundsPage.vue') },
        { path: 'shifts', name: 'shifts', component: () => import('./money/ShiftsPage.vue') },
        { path: 'exchanges', name: 'exchanges', component: () => import('./money/ExchangesPage.vue') },
        { path: 'reconciliation', name: 'reconciliation', component: () => import('./reconciliation/ReconciliationPage.vue') },
        { path: 'arrears', name: 'arrears', component: () => import('./arrears/ArrearsPage.vue') },
        { path: 'write-offs', name: 'write-offs', component: () => import('./arrears/WriteOffsPage.vue') },
        { path: 'messages', name: 'messages', component: () => import('./arrears/MessagesPage.vue') },
        { path: 'tariffs', name: 'tariffs', component: () => import('./tariffs/TariffsPage.vue') },
        { path: 'tariffs/:id', name: 'tariff', component: () => import('./tariffs/TariffPage.vue') },
        { path: 'policies', name: 'policies', component: () => import('./policies/PoliciesPage.vue') },
        { path: 'calendar', name: 'calendar', component: () => import('./calendar/CalendarPage.vue') },
      ],
    },
    { path: '/:unknown(.*)*', redirect: '/' },
  ],
})

router.beforeEach((to) => {
  const { signedIn } = useLogin()
  if (to.name !== 'login' && !signedIn) return { name: 'login', query: { next: to.fullPath } }
  if (to.name === 'login' && signedIn) return { name: 'city' }
  return true
})
