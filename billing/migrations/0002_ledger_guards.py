"""The database itself keeps the books: what is booked stays, and every transaction balances.

TRUNCATE stays possible; it is the owner's own act and what tests clean up with.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION billing_ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Deleting a user forgets who acted; nothing else of a booked row may ever change.
  IF TG_TABLE_NAME = 'billing_ledgertransaction' AND TG_OP = 'UPDATE' THEN
    IF NEW.actor_id IS NULL AND to_jsonb(NEW) - 'actor_id' = to_jsonb(OLD) - 'actor_id' THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION '% on %: the ledger is append-only, book a correction', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE ON billing_ledgerentry
  FOR EACH ROW EXECUTE FUNCTION billing_ledger_is_append_only();
CREATE TRIGGER ledger_transaction_append_only BEFORE UPDATE OR DELETE ON billing_ledgertransaction
  FOR EACH ROW EXECUTE FUNCTION billing_ledger_is_append_only();

CREATE FUNCTION billing_ledger_transaction_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  entries bigint;
  total numeric;
BEGIN
  SELECT count(*), COALESCE(sum(amount_nanos), 0) INTO entries, total
    FROM billing_ledgerentry WHERE transaction_id = NEW.id;
  IF entries < 2 OR total <> 0 THEN
    RAISE EXCEPTION 'ledger transaction %: % entries sum to %', NEW.id, entries, total
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;

-- At commit, so that a transaction can be written before its entries.
CREATE CONSTRAINT TRIGGER ledger_transaction_balances AFTER INSERT ON billing_ledgertransaction
  DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION billing_ledger_transaction_balances();

CREATE FUNCTION billing_ledger_entries_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wrong record;
BEGIN
  SELECT entry.transaction_id, sum(entry.amount_nanos) AS total INTO wrong
    FROM billing_ledgerentry AS entry
    WHERE entry.transaction_id IN (SELECT transaction_id FROM added)
    GROUP BY entry.transaction_id HAVING sum(entry.amount_nanos) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'ledger transaction %: entries sum to %', wrong.transaction_id, wrong.total
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;

-- For entries that are added to a transaction of long ago. By statement: all entries of a
-- transaction are written by one, and a check for each row would cost more than the rows.
CREATE TRIGGER ledger_entries_balance AFTER INSERT ON billing_ledgerentry
  REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION billing_ledger_entries_balance();
"""

BACKWARD = """
DROP TRIGGER ledger_entries_balance ON billing_ledgerentry;
DROP FUNCTION billing_ledger_entries_balance;
DROP TRIGGER ledger_transaction_balances ON billing_ledgertransaction;
DROP FUNCTION billing_ledger_transaction_balances;
DROP TRIGGER ledger_transaction_append_only ON billing_ledgertransaction;
DROP TRIGGER ledger_entry_append_only ON billing_ledgerentry;
DROP FUNCTION billing_ledger_is_append_only;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
