import { Modal, ModalBody, ModalHeader } from '@patternfly/react-core'
import { merge, useKeyGroups } from './keys'

export function KeysDialog({ onClose }: { onClose: () => void }) {
  const groups = merge(useKeyGroups())
  return (
    <Modal variant="small" isOpen onClose={onClose} aria-labelledby="keys-title" aria-describedby="keys-body">
      <ModalHeader title="Keys" labelId="keys-title" />
      <ModalBody id="keys-body">
        {groups.map((group, i) => (
          <section key={i} className="keys">
            <h2>{group.title}</h2>
            <dl>
              {group.keys.map((key) => (
                <div key={key.key}>
                  <dt>
                    <kbd>{key.key}</kbd>
                  </dt>
                  <dd>{key.does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </ModalBody>
    </Modal>
  )
}
