const subjects: Record<string, string> = {
  pull_request: 'Pull request',
  comment: 'Comment',
  issue_comment: 'Comment',
  pull_request_review: 'Review',
  pull_request_review_comment: 'Review comment',
  push: 'Push',
  status: 'Commit status',
}

const verbs: Record<string, string> = { synchronize: 'updated', created: 'added' }

/** eventText makes "pull_request.opened" readable. */
export function eventText(event: string): string {
  const [kind = '', action = ''] = event.split('.')
  const verb = verbs[action] ?? action.replaceAll('_', ' ')
  const subject = subjects[kind] ?? kind.replaceAll('_', ' ')
  return [subject, verb].filter(Boolean).join(' ') || 'event'
}
