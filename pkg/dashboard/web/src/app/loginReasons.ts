/** What the server puts into /login?error= when a login did not work, and what a reader can do. */
const reasons: Record<string, string> = {
  unknown: 'Nobody can log in at this connection. Choose another one.',
  unavailable: 'The forge does not answer. Try again in a moment.',
  expired: 'The login took too long, was used already, or this browser refuses cookies. Log in once more.',
  state: 'The answer does not belong to a login that this browser began. Log in once more.',
  denied: 'The login was declined at the forge.',
  code: 'The forge did not accept its own answer: it was used already or is too old. Log in once more.',
  token: 'The answer of the forge is not authentic. Log in once more; if that does not help, tell an administrator.',
  settings: 'The dashboard cannot read its login settings. An administrator finds the cause in its log.',
  redirect: 'The forge refuses to send people back here. An administrator has to add the address of this dashboard to its OAuth2 application.',
  scope: "The forge's OAuth2 application lacks scopes that the login needs. An administrator has to add them.",
  client: "The forge does not accept the dashboard's client id and secret. An administrator has to correct them.",
  refused: 'The forge refused the login. An administrator finds the cause in the log of the dashboard.',
  clock: 'The clocks of the forge and of the dashboard differ. An administrator has to set them.',
  account: 'The forge told no usable login name. An administrator has to check the username claim and the scopes.',
}

/** reasonText never shows the address's own words, which anybody can write into a link. */
export function reasonText(error: string): string {
  return reasons[error] ?? 'The server gave no reason that this page knows. Log in once more.'
}
