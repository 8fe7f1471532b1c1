"""Budgets of whole organizations."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0010_organization_is_frozen'),
        ('billing', '0040_posting_writes'),
    ]

    operations = [
        migrations.CreateModel(
            name='OrganizationBudget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('period', models.CharField(choices=[('day', 'per day'), ('week', 'per week'), ('month', 'per month'), ('total', 'in total')], max_length=5)),
                ('limit_nanos', models.BigIntegerField()),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='budgets', to='accounts.organization')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organization', 'period'), name='organization_budget_once'), models.CheckConstraint(condition=models.Q(('limit_nanos__gt', 0)), name='organization_budget_above_zero')],
            },
        ),
    ]
