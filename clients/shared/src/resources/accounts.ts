// Who is signed in, and how lists come.

export interface Account {
  id: string
  name: string
  phone?: string
}

export interface Login {
  token: string
  expires_at: string
  account: Account
}

export interface List<T> {
  items: T[]
  as_of?: string
}
