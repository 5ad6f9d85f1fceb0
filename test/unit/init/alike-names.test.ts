import { expect, test } from 'vitest'
import { alikeTexts } from '../../../src/init/alike-names.js'

test.each([
  ['TrainerID', 'trainer_id', 1],
  ['MEDIATYPE', 'media_type', 1],
  ['customers', 'customer', 0.95],
  ['ACTIVE_FLG', 'is_active', 0.95],
  ['HEAT_NUM', 'heat_number', 0.95],
  ['CUST_ID', 'customer_id', 0.93],
  ['NET_WT', 'net_weight', 0.88],
  ['RECV_DT', 'received_date', 0.83],
  ['adress', 'address', 0.86],
  ['folder', 'import_folder', 0.75],
  ['shutter', 'shutter_speed', 0.7],
  ['ADDR1', 'address_line1', 0.75],
  ['address1', 'address2', 0],
  ['first_name', 'last_name', 0.5],
  ['created_by', 'created_at', 0.67],
  ['id', 'uid', 0],
  ['price', 'colour', 0],
])('%s and %s are %d alike, both ways', (a, b, score) => {
  expect(alikeTexts(a, b)).toBe(score)
  expect(alikeTexts(b, a)).toBe(score)
})
