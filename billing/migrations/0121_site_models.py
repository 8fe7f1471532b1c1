"""When a model retires and what follows it; how single sites sell single models."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0115_first_run'),
        ('billing', '0120_usage_days'),
    ]

    operations = [
        migrations.AddField(
            model_name='model',
            name='capabilities',
            field=models.JSONField(blank=True, db_comment='words of billing.capabilities', default=list),
        ),
        migrations.AddField(
            model_name='model',
            name='retires_at',
            field=models.DateTimeField(blank=True, db_comment='from then on it is not sold, and calls get 404', null=True),
        ),
        migrations.AddField(
            model_name='model',
            name='successor',
            field=models.ForeignKey(blank=True, db_comment='told to those who still call it once it has retired', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='billing.model'),
        ),
        migrations.CreateModel(
            name='SiteModel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_withheld', models.BooleanField(db_comment='not sold here, though the site sells every model', default=False)),
                ('is_hidden', models.BooleanField(db_comment='in no list; whoever knows the name can call it', default=False)),
                ('position', models.PositiveSmallIntegerField(db_comment='in the list: lower first, 0 after all others', default=0)),
                ('shown_as', models.CharField(blank=True, db_comment='an alias of the model that lists name it by', max_length=200, validators=[django.core.validators.RegexValidator('^[A-Za-z0-9][A-Za-z0-9._:/+@-]{0,199}$', 'letters, digits, . _ : / + @ -')])),
                ('description', models.JSONField(db_comment='by language', default=dict)),
                ('model', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='billing.model')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='site_models', to='accounts.site')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('site', 'model'), name='site_model_once')],
            },
        ),
    ]
