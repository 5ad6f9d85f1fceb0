-- The application's tables before the change of its business model; new columns are there, and empty.
create table organizations (
  id uuid primary key, name varchar(255) not null unique, organization_type varchar(30), parent_organization_id uuid references organizations (id),
  is_active boolean, created_at timestamptz not null default now()
);
create table users (
  id uuid primary key, organization_id uuid not null references organizations (id), username varchar(100) not null, email varchar(255) not null,
  name varchar(255), role varchar(30), user_status varchar(30), failed_login_attempts integer, is_active boolean
);
create table parts (
  id uuid primary key, part_number varchar(100) not null, name text not null, part_type varchar(30), unit_of_measure varchar(30), is_proprietary boolean
);
create table machines (
  id uuid primary key, organization_id uuid references organizations (id), customer_organization_id uuid references organizations (id),
  serial_number varchar(100) not null, model varchar(100)
);
create table warehouses (
  id uuid primary key default gen_random_uuid(), organization_id uuid not null references organizations (id), name varchar(255) not null,
  is_active boolean not null default true, created_at timestamptz not null default now(), unique (organization_id, name)
);
create table inventory (
  id uuid primary key, organization_id uuid not null references organizations (id), warehouse_id uuid references warehouses (id),
  part_id uuid not null references parts (id), current_stock numeric(10, 3), minimum_stock_recommendation numeric(10, 3), unit_of_measure varchar(30)
);
create table transactions (
  id uuid primary key default gen_random_uuid(), transaction_type varchar(30) not null, part_id uuid not null references parts (id),
  inventory_id uuid not null references inventory (id), to_warehouse_id uuid not null references warehouses (id), quantity numeric(10, 3) not null,
  unit_of_measure varchar(30) not null, notes text, created_at timestamptz not null default now()
);
create index inventory_organization on inventory (organization_id);
create index warehouses_organization on warehouses (organization_id);
