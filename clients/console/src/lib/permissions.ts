// What the signed-in person may do: buttons and menu entries ask here. The server asks again.
import { useLogin } from '../stores/login'

/** Says whether the person at this browser holds a permission; nothing is held until it is known. */
export function useMay(): (permission: string) => boolean {
  const login = useLogin()
  return (permission) => login.identity?.permissions.includes(permission) ?? false
}
