import type { PullPage } from '../api/schema'

const order = ['error', 'failure', 'pending', 'triggered', 'scheduling', 'aborted', 'success']

/** worst is the state of the newest commit that a reader should know first; undefined without runs. */
export function worst(pull: PullPage | undefined): string | undefined {
  const head = pull?.commits[0]?.sha
  const states = (pull?.cells ?? []).filter((cell) => cell.sha === head).map((cell) => cell.state as string)
  return order.find((state) => states.includes(state))
}
