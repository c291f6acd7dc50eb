// Segment's library for Node as it comes from npm: node segment_node.cjs ADDRESS WRITE_KEY
const { Analytics } = require('@segment/analytics-node')

async function main() {
  const [host, writeKey] = process.argv.slice(2)
  const analytics = new Analytics({ host, writeKey, flushAt: 3, flushInterval: 60000, maxRetries: 0 })
  analytics.on('error', (error) => {
    console.error(error)
    process.exitCode = 1
  })
  const userId = 'node-1'
  analytics.identify({
    userId,
    anonymousId: 'node-visitor',
    messageId: 'node-identify',
    traits: { email: 'node@mail.example', firstName: 'Nodé', consent: { marketing: true } },
  })
  analytics.track({
    userId,
    event: 'Order Completed',
    messageId: 'node-order',
    properties: {
      order_id: 'node-1001',
      checkout_id: 'node-checkout',
      total: 42.5,
      currency: 'EUR',
      products: [{ product_id: 'P1', name: 'Dripper', price: 42.5, quantity: 1 }],
    },
  })
  analytics.track({ userId, event: 'Class Booked', messageId: 'node-custom', properties: { seats: 2 } })
  analytics.page({ userId, name: 'Home', messageId: 'node-page', properties: { path: '/' } })
  analytics.screen({ userId, name: 'Cart', messageId: 'node-screen' })
  analytics.group({ userId, groupId: 'g1', messageId: 'node-group' })
  analytics.alias({ userId, previousId: 'node-visitor-2', messageId: 'node-alias' })
  await analytics.closeAndFlush({ timeout: 30000 })
}

main()
